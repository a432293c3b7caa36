"""English date formats. Short ones name the month, as 02/05 means different days in the US and Britain."""

SHORT_DATE_FORMAT = "N j, Y"
SHORT_DATETIME_FORMAT = "N j, Y, P"
