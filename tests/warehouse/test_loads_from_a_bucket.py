"""A lake in a bucket is loaded as one in a folder is: its log is read there, and only the files that are needed."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import polars as pl
import pytest

from avesa.canonical_transform import table_files
from avesa.canonical_transform.engine import engine
from avesa.shared.objects import Objects, open_objects
from avesa.shared.s3_options import delta_options
from avesa.warehouse import plan
from avesa.warehouse.load import LoadOutcome, load_table
from avesa.warehouse.port import Warehouse
from fold_story import change, thing
from fold_table import Folding
from s3_server import S3Root
from warehouse_lake import TABLE
from warehouse_sides import DuckDBSide, opened, to_the_letter


@dataclass
class InBucket(Folding):
    bucket: S3Root = field(default_factory=lambda: S3Root("", {}))

    @property
    def objects(self) -> Objects:
        return open_objects(self.bucket.url, s3_options=self.bucket.options)

    def load(self, warehouse: Warehouse) -> LoadOutcome:
        with engine(self.root) as con:
            done = load_table(con, self.table(), warehouse, self.tenant, TABLE)
        assert done is not None
        return done


def test_a_lake_in_a_bucket_is_loaded_as_one_in_a_folder(
    tmp_path: Path, s3_root: S3Root, monkeypatch: pytest.MonkeyPatch
) -> None:
    folding, side = InBucket(tmp_path, bucket=s3_root), DuckDBSide(str(tmp_path))
    where = f"{s3_root.url}/{folding.tenant}/canonical/{TABLE}"

    def is_in() -> None:
        lake = pl.read_delta(where, storage_options=delta_options(s3_root.options)).to_dicts()
        assert to_the_letter(side.rows(TABLE)) == to_the_letter(lake)

    with opened(side) as warehouse:
        for number in range(1, 4):
            folding.land(change(number, thing("1", number, number, name=f"n{number}"), thing(f"x{number}", 1, number)))
            folding.fold()
            assert folding.load(warehouse).status == ("anew" if number == 1 else "loaded")
            is_in()
        folding.land(change(4, *(thing(f"y{number}", 4, 4) for number in range(40))))
        folding.fold()
        folding.load(warehouse)
        monkeypatch.setattr(table_files, "SMALL", 10)
        for minute in (5, 6):
            folding.land(change(minute, thing("y1", minute, minute, name=f"n{minute}")))
            folding.fold()
        changes = [info.path for info in folding.objects.list(f"{folding.table().prefix}/_change_data")]
        done = folding.load(warehouse)
        assert (len(changes), done.status, done.changed) == (2, "loaded", 3)
        is_in()
        folding.land(change(9, thing("1", 9, 9, name="z")))
        folding.fold()
        live = {file.name for file in folding.snapshot().files}
        names = [info.path for info in folding.objects.list(folding.table().prefix)]
        folding.objects.delete(
            name
            for name in names
            if name.endswith(".parquet") and name.rpartition("/")[2] not in live and "_delta_log" not in name
        )
        assert folding.load(warehouse).why == plan.FILES_ARE_GONE
        is_in()
