"""Child of the compaction benchmark: Spark's rewrite_data_files on the table of a catalog file, one call, timed by itself.

Arguments: catalog name, catalog file, warehouse, driver memory, target file size, folder to scribble in, and a sort order or "".
The session is started and warmed up before the clock runs. CPU seconds and peak memory are those of the JVM.
"""

import json
import os
import sys
import time

from pyspark.sql import SparkSession

name, catalog, warehouse, memory, target, scratch, order = sys.argv[1:]
os.makedirs(scratch, exist_ok=True)
os.chdir(scratch)
settings = {
    "spark.driver.extraClassPath": os.environ["SLUICE_SPARK_JARS"],
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.memory": memory,
    "spark.ui.enabled": "false",
    "spark.local.dir": scratch,
    "spark.sql.session.timeZone": "UTC",
    "spark.default.parallelism": "2",
    "spark.sql.shuffle.partitions": "2",
    "spark.sql.extensions": "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions",
    f"spark.sql.catalog.{name}": "org.apache.iceberg.spark.SparkCatalog",
    f"spark.sql.catalog.{name}.type": "jdbc",
    f"spark.sql.catalog.{name}.uri": f"jdbc:sqlite:{catalog}",
    f"spark.sql.catalog.{name}.jdbc.schema-version": "V1",
    f"spark.sql.catalog.{name}.warehouse": warehouse,
}
builder = SparkSession.builder.master("local[2]").appName("sluice-bench")
for key, value in settings.items():
    builder = builder.config(key, value)
spark = builder.getOrCreate()
spark.sparkContext.setLogLevel("ERROR")
jvm = spark._jvm.java.lang.ProcessHandle.current().pid()


def cpu_seconds():
    with open(f"/proc/{jvm}/stat", encoding="utf-8") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def peak_bytes():
    with open(f"/proc/{jvm}/status", encoding="utf-8") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))


spark.range(1000).selectExpr("sum(id)").collect()
spark.sql(f"SELECT count(*) FROM {name}.bench.compact").collect()
idle_peak, before, started = peak_bytes(), cpu_seconds(), time.monotonic()
sorting = f", strategy => 'sort', sort_order => '{order}'" if order else ""
answer = spark.sql(
    f"CALL {name}.system.rewrite_data_files(table => 'bench.compact'{sorting}, "
    f"options => map('target-file-size-bytes', '{target}'))"
).collect()[0]
measured = {
    "seconds": time.monotonic() - started,
    "cpuSeconds": cpu_seconds() - before,
    "peak": peak_bytes(),
    "idlePeak": idle_peak,
    "filesAfter": answer["added_data_files_count"],
    "bytesWritten": int(spark.sql(f"SELECT sum(file_size_in_bytes) FROM {name}.bench.compact.files").collect()[0][0]),
}
spark.stop()
print(json.dumps(measured))
