from collections.abc import Iterable, Iterator
from functools import lru_cache

from whitenoise.storage import CompressedManifestStaticFilesStorage


class StaticFilesStorage(CompressedManifestStaticFilesStorage):
    """Static files with hashed names, also in imports between JavaScript modules."""

    support_js_module_import_aggregation = True

    @lru_cache(maxsize=500)  # noqa: B019  (there is one storage, and its files don't change while it serves)
    def url(self, name: str, force: bool = False) -> str:
        return super().url(name, force)

    def compress_files(self, paths: Iterable[str]) -> Iterator[tuple[str, str]]:
        """Compress the files with hashed names, which pages use, and not their copies without."""
        return super().compress_files(set(paths).intersection(self.hashed_files.values()))
