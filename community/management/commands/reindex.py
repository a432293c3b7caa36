from django.core.management.base import BaseCommand

from community.search import reindex


class Command(BaseCommand):
    help = "Makes the full text index of posts anew. Needed after posts were loaded from a file."

    def handle(self, *args, **options):
        self.stdout.write(f"Posts in the index: {reindex()}.")
