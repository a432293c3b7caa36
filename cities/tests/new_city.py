"""The form data of a city that staff add in the admin."""

LYON = {
    "name": "lyon",
    "display_name": "Lyon",
    "code": "LYO",
    "region": "gcp-europe-west1",
    "latitude": 45.764,
    "longitude": 4.8357,
    "radius_km": 20,
    "time_zone": "Europe/Paris",
    "currency": "EUR",
}
ADD = "/admin/cities/city/add/"
