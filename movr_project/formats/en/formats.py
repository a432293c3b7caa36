"""English dates with the month's name also where they are short: 02/05 is two days, one on either side of the ocean."""

SHORT_DATE_FORMAT = "N j, Y"
SHORT_DATETIME_FORMAT = "N j, Y, P"
