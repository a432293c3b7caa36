"""Names of people and vehicles in the demo."""

from fleet.models.choices import VehicleType

# Each city's share of all vehicles, people and rides, in percent.
CITY_WEIGHTS = {
    "new york": 20,
    "paris": 16,
    "los angeles": 14,
    "amsterdam": 11,
    "san francisco": 10,
    "seattle": 8,
    "boston": 7,
    "washington dc": 7,
    "rome": 7,
}


def listed(names: str) -> list[str]:
    return names.split()


AMERICAN = listed(
    "Aaliyah Alex Amara Ava Ben Camila Carlos Chloe Daniel Diego Elena Emma Ethan Fatima Grace Hannah Isaiah Jada "
    "James Jin Jordan Kai Laila Leo Luis Maya Mei Michael Nadia Noah Olivia Omar Priya Ravi Ruby Sam Sofia Tyrone "
    "Wei Zoe"
)
AMERICAN_FAMILIES = listed(
    "Adams Baker Brooks Carter Chen Cohen Coleman Cruz Davis Diaz Evans Flores Foster Garcia Green Hill Jackson "
    "Johnson Kaplan Khan Kim Lee Lewis Lopez Martin Miller Moore Nguyen Ortiz Park Patel Reed Rivera Robinson Santos "
    "Singh Taylor Turner Walker Washington Young"
)
DUTCH = listed(
    "Anouk Bram Daan Emma Eva Fatima Femke Finn Floor Hugo Iris Jasper Julia Lars Lieke Lotte Luuk Maud Mees Milan "
    "Mohamed Noor Pieter Roos Ruben Sanne Sem Sophie Thijs Yara"
)
DUTCH_FAMILIES = listed(
    "Bakker Bos Brouwer Dekker Dijkstra Hendriks Hoekstra Jansen Kok Koster Kuipers Meijer Mulder Peters Postma "
    "Prins Sanders Schouten Smit Smits Veenstra Verbeek Vermeulen Visser Vos Willems Yilmaz"
)
FRENCH = listed(
    "Adèle Agathe Alice Amélie Antoine Aya Baptiste Camille Chloé Clément Élise Émile Étienne Fatou Gabriel Hugo Inès "
    "Jade Jules Karim Léa Louis Lucie Manon Mathis Mehdi Noémie Raphaël Sarah Théo Yasmine Zoé"
)
FRENCH_FAMILIES = listed(
    "André Benali Bernard Blanc Bonnet Chevalier Diallo Dubois Dupont Durand Fontaine Fournier Garnier Girard Haddad "
    "Lambert Laurent Lefèvre Leroy Marchand Mercier Moreau Nguyen Perrin Petit Renaud Rousseau Roux Traoré Vidal"
)
ITALIAN = listed(
    "Alessandro Alice Andrea Anna Aurora Beatrice Bianca Caterina Chiara Davide Elena Elisa Emanuele Federico Filippo "
    "Francesca Giada Giorgia Giulia Leonardo Lorenzo Luca Ludovica Marco Martina Matteo Noemi Paolo Pietro Sofia "
    "Tommaso Viola"
)
ITALIAN_FAMILIES = listed(
    "Amato Barbieri Bianchi Bruno Caruso Colombo Conti Costa Esposito Fabbri Ferrari Fontana Gallo Giordano Greco "
    "Leone Lombardi Mancini Marini Moretti Parisi Ricci Rinaldi Rizzo Romano Rossi Russo Santoro Serra Villa Vitale"
)

# First names and family names. Cities not listed here use American ones.
NAMES = {
    "amsterdam": (DUTCH, DUTCH_FAMILIES),
    "paris": (FRENCH, FRENCH_FAMILIES),
    "rome": (ITALIAN, ITALIAN_FAMILIES),
}
OTHER_NAMES = (AMERICAN, AMERICAN_FAMILIES)

TYPE_WEIGHTS = {
    VehicleType.SCOOTER: 34,
    VehicleType.E_BIKE: 26,
    VehicleType.BIKE: 18,
    VehicleType.MOPED: 9,
    VehicleType.CAR: 7,
    VehicleType.SKATEBOARD: 4,
    VehicleType.LORRY: 1,
    VehicleType.TRUCK: 1,
}
BRANDS = {
    VehicleType.BIKE: ["Batavus", "Gazelle", "Giant", "Peugeot", "Schwinn", "Specialized", "Trek"],
    VehicleType.E_BIKE: ["Cannondale", "Cowboy", "Gazelle", "Giant", "Rad Power", "Trek", "VanMoof"],
    VehicleType.SCOOTER: ["Bird", "Niu", "Okai", "Razor", "Segway", "Xiaomi"],
    VehicleType.SKATEBOARD: ["Element", "Globe", "Landyachtz", "Santa Cruz"],
    VehicleType.MOPED: ["Niu", "Piaggio", "Silence", "Super Soco", "Vespa"],
    VehicleType.CAR: ["BMW", "Fiat", "Hyundai", "Nissan", "Renault", "Tesla", "Volkswagen"],
    VehicleType.LORRY: ["DAF", "Iveco", "MAN", "Scania", "Volvo"],
    VehicleType.TRUCK: ["Ford", "Freightliner", "Isuzu", "Mercedes-Benz"],
}

# Average speed in a city, including stops, in metres per second.
SPEED = {
    VehicleType.BIKE: 3.6,
    VehicleType.E_BIKE: 4.6,
    VehicleType.SCOOTER: 4.2,
    VehicleType.SKATEBOARD: 2.8,
    VehicleType.MOPED: 6.5,
    VehicleType.CAR: 6.0,
    VehicleType.LORRY: 5.0,
    VehicleType.TRUCK: 5.0,
}
