"""Well-known places in the cities, and random points around them to park vehicles at."""

from itertools import accumulate
from math import cos, radians, sqrt
from random import Random
from typing import NamedTuple

from cities.geography import great_circle_km
from cities.geohash import METRES_PER_DEGREE
from cities.models import City
from cities.registry import registry
from cities.services import add_places


class Place(NamedTuple):
    """A named point, in degrees."""

    name: str
    latitude: float
    longitude: float


PLACES: dict[str, list[Place]] = {
    "new york": [
        Place("Times Square", 40.7580, -73.9855),
        Place("Union Square", 40.7359, -73.9911),
        Place("Grand Central Terminal", 40.7527, -73.9772),
        Place("Bryant Park", 40.7536, -73.9832),
        Place("Washington Square Park", 40.7308, -73.9973),
        Place("Columbus Circle", 40.7681, -73.9819),
        Place("Cockroach Labs, 23rd Street", 40.7433, -73.9921),
        Place("City Hall Park", 40.7126, -74.0068),
        Place("Grand Army Plaza, Brooklyn", 40.6741, -73.9702),
        Place("Bedford Avenue, Williamsburg", 40.7170, -73.9565),
        Place("Marcus Garvey Park, Harlem", 40.8045, -73.9440),
        Place("Queensboro Plaza", 40.7505, -73.9402),
    ],
    "boston": [
        Place("Boston Common", 42.3550, -71.0656),
        Place("Faneuil Hall", 42.3600, -71.0563),
        Place("Copley Square", 42.3499, -71.0770),
        Place("South Station", 42.3523, -71.0552),
        Place("North End, Hanover Street", 42.3634, -71.0548),
        Place("Fenway Park", 42.3467, -71.0972),
        Place("Kendall Square", 42.3625, -71.0862),
        Place("Harvard Square", 42.3736, -71.1190),
        Place("Beacon Hill, Charles Street", 42.3583, -71.0706),
        Place("Union Square, Somerville", 42.3794, -71.0947),
        Place("Jamaica Plain, Centre Street", 42.3120, -71.1142),
        Place("Coolidge Corner", 42.3422, -71.1212),
    ],
    "washington dc": [
        Place("Dupont Circle", 38.9097, -77.0434),
        Place("Union Station", 38.8973, -77.0063),
        Place("National Mall", 38.8893, -77.0262),
        Place("Foggy Bottom", 38.9007, -77.0502),
        Place("Georgetown, M Street", 38.9050, -77.0626),
        Place("Adams Morgan", 38.9215, -77.0422),
        Place("Logan Circle", 38.9096, -77.0297),
        Place("U Street", 38.9170, -77.0286),
        Place("Chinatown", 38.8998, -77.0219),
        Place("Eastern Market", 38.8844, -76.9959),
        Place("Navy Yard", 38.8766, -77.0028),
        Place("Columbia Heights", 38.9284, -77.0325),
    ],
    "san francisco": [
        Place("Union Square", 37.7880, -122.4075),
        Place("Ferry Building", 37.7950, -122.3945),
        Place("Civic Center", 37.7795, -122.4177),
        Place("Mission Dolores Park", 37.7596, -122.4269),
        Place("Castro", 37.7620, -122.4350),
        Place("Haight-Ashbury", 37.7699, -122.4469),
        Place("Washington Square, North Beach", 37.8008, -122.4101),
        Place("Japantown", 37.7852, -122.4297),
        Place("Caltrain Depot, 4th Street", 37.7764, -122.3947),
        Place("24th Street Mission", 37.7523, -122.4184),
        Place("Inner Sunset", 37.7637, -122.4662),
        Place("Bernal Heights", 37.7390, -122.4155),
    ],
    "seattle": [
        Place("Pike Place Market", 47.6089, -122.3402),
        Place("Pioneer Square", 47.6018, -122.3339),
        Place("Westlake Center", 47.6116, -122.3372),
        Place("Seattle Center", 47.6219, -122.3517),
        Place("Capitol Hill, Broadway", 47.6205, -122.3209),
        Place("South Lake Union", 47.6228, -122.3366),
        Place("International District", 47.5983, -122.3246),
        Place("First Hill", 47.6094, -122.3246),
        Place("Fremont", 47.6505, -122.3499),
        Place("Ballard Avenue", 47.6660, -122.3832),
        Place("University District", 47.6613, -122.3131),
        Place("Columbia City", 47.5599, -122.2865),
    ],
    "los angeles": [
        Place("Union Station", 34.0560, -118.2347),
        Place("Grand Park", 34.0563, -118.2468),
        Place("Little Tokyo", 34.0500, -118.2400),
        Place("Pershing Square", 34.0486, -118.2530),
        Place("Arts District", 34.0413, -118.2325),
        Place("Echo Park Lake", 34.0723, -118.2606),
        Place("Silver Lake, Sunset Junction", 34.0920, -118.2801),
        Place("Hollywood and Vine", 34.1016, -118.3267),
        Place("Koreatown, Wilshire Boulevard", 34.0618, -118.3014),
        Place("Exposition Park", 34.0169, -118.2872),
        Place("Culver City, Main Street", 34.0240, -118.3947),
        Place("Old Pasadena", 34.1459, -118.1506),
    ],
    "amsterdam": [
        Place("Dam Square", 52.3731, 4.8926),
        Place("Amsterdam Centraal", 52.3780, 4.9000),
        Place("Leidseplein", 52.3641, 4.8828),
        Place("Rembrandtplein", 52.3660, 4.8966),
        Place("Museumplein", 52.3575, 4.8815),
        Place("Nieuwmarkt", 52.3724, 4.9003),
        Place("Waterlooplein", 52.3679, 4.9021),
        Place("Jordaan, Westermarkt", 52.3745, 4.8840),
        Place("De Pijp, Albert Cuyp", 52.3558, 4.8925),
        Place("Westerpark", 52.3869, 4.8741),
        Place("Oosterpark", 52.3601, 4.9205),
        Place("Amsterdam Zuid", 52.3390, 4.8730),
    ],
    "paris": [
        Place("Notre-Dame", 48.8533, 2.3488),
        Place("Hôtel de Ville", 48.8566, 2.3515),
        Place("Louvre", 48.8621, 2.3364),
        Place("Place de la République", 48.8675, 2.3638),
        Place("Bastille", 48.8532, 2.3691),
        Place("Jardin du Luxembourg", 48.8470, 2.3372),
        Place("Opéra", 48.8709, 2.3318),
        Place("Canal Saint-Martin", 48.8713, 2.3655),
        Place("Gare de Lyon", 48.8448, 2.3735),
        Place("Eiffel Tower", 48.8569, 2.2965),
        Place("Montmartre, Abbesses", 48.8844, 2.3386),
        Place("Montparnasse", 48.8421, 2.3219),
    ],
    "rome": [
        Place("Roma Termini", 41.9010, 12.5010),
        Place("Colosseum", 41.8916, 12.4920),
        Place("Trevi Fountain", 41.9009, 12.4833),
        Place("Piazza di Spagna", 41.9058, 12.4822),
        Place("Pantheon", 41.8990, 12.4769),
        Place("Piazza Navona", 41.8990, 12.4731),
        Place("Campo de' Fiori", 41.8956, 12.4722),
        Place("Piazza del Popolo", 41.9107, 12.4763),
        Place("Trastevere, Santa Maria", 41.8895, 12.4698),
        Place("San Pietro", 41.9027, 12.4568),
        Place("Testaccio", 41.8765, 12.4756),
        Place("San Giovanni", 41.8858, 12.5095),
    ],
}

SPREAD_M = 180  # standard deviation around a place: about two minutes on foot
VEHICLES_AT_THAT_SPREAD = 100  # in a city; with more vehicles, the spread grows
NEAR_THE_CENTRE_KM = 3.0  # at this distance from the centre, a place has half as many vehicles
TRIES = 4
RIDES_LEAD_TO = 6  # the number of nearest places to ride to


def add_known_places() -> None:
    """Add the places to the lists that people search."""
    for city in registry:
        add_places(city, PLACES.get(city.name, ()))


class Scatter:
    """Random points in a city: around its known places, denser near the centre, none outside."""

    def __init__(self, city: City, vehicles: int):
        self.city = city
        centre = Place(city.display_name, city.latitude, city.longitude)
        # Staff may have moved the city's centre or reduced its radius.
        inside = [place for place in PLACES.get(city.name, []) if city.contains(*place[1:])]
        self.places = inside or [centre]
        distances = [city.distance_km(*place[1:]) for place in self.places]
        self.weights = list(accumulate(1 / (1 + km / NEAR_THE_CENTRE_KM) for km in distances))
        spread_m = SPREAD_M * max(1.0, sqrt(vehicles / VEHICLES_AT_THAT_SPREAD))
        self.spread = min(spread_m, city.radius_km * 1000 / 3) / METRES_PER_DEGREE
        self.shrink = cos(radians(city.latitude))

    def place(self, rng: Random) -> Place:
        return rng.choices(self.places, cum_weights=self.weights)[0]

    def point(self, rng: Random, place: Place) -> Place:
        """Return a random point near a place, with the place's name."""
        name, latitude, longitude = place
        for _try in range(TRIES):
            lat = round(rng.gauss(latitude, self.spread), 6)
            lon = round(rng.gauss(longitude, self.spread / self.shrink), 6)
            if self.city.contains(lat, lon):
                return Place(name, lat, lon)
        return place

    def place_to_ride_to(self, rng: Random, here: Place) -> Place:
        """Return another place within reach, or the same one if the city has no other."""
        others = [place for place in self.places if place.name != here.name]
        others.sort(key=lambda place: distance_m(here, place))
        return rng.choice(others[:RIDES_LEAD_TO] or self.places)


def distance_m(here: Place, there: Place) -> float:
    return 1000 * great_circle_km(*here[1:], *there[1:])
