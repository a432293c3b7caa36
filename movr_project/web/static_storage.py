from functools import lru_cache

from whitenoise.storage import CompressedManifestStaticFilesStorage


class StaticFilesStorage(CompressedManifestStaticFilesStorage):
    """Static files with hashed names, also in imports between JavaScript modules."""

    support_js_module_import_aggregation = True

    @lru_cache(maxsize=500)  # noqa: B019  (there is one storage, and its files don't change while it serves)
    def url(self, name: str, force: bool = False) -> str:
        return super().url(name, force)
