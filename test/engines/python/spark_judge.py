"""Spark with Iceberg, one session for all requests: a reader, and by SQL a writer to our catalog.

A metadata file is registered in a JDBC catalog of the session's own, which writes nothing beside the
table. A catalog file is opened under the name it has for its owner. The class path of Iceberg's runtime and the JDBC driver comes from SLUICE_SPARK_JARS.
"""

import itertools
import os
import tempfile

from pyspark.sql import SparkSession

from metadata import path_of
from protocol import serve
from sql import SqlEngine, quoted


class Spark(SqlEngine):
    def __init__(self):
        # What Spark scribbles belongs into a folder of its own, not into the checkout.
        self.scratch = tempfile.TemporaryDirectory(prefix="sluice-spark-")
        os.chdir(self.scratch.name)
        settings = {
            "spark.driver.extraClassPath": os.environ["SLUICE_SPARK_JARS"],
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.driver.host": "127.0.0.1",
            "spark.driver.memory": "2g",
            "spark.ui.enabled": "false",
            "spark.local.dir": self.scratch.name,
            "spark.sql.session.timeZone": "UTC",
            "spark.sql.shuffle.partitions": "2",
            "spark.default.parallelism": "2",
            "spark.sql.catalog.judge": "org.apache.iceberg.spark.SparkCatalog",
            "spark.sql.catalog.judge.type": "jdbc",
            "spark.sql.catalog.judge.uri": f"jdbc:sqlite:{self.scratch.name}/catalog.db",
            "spark.sql.catalog.judge.jdbc.schema-version": "V1",
            "spark.sql.catalog.judge.warehouse": f"file:{self.scratch.name}/warehouse",
            # Hundreds of tiny queries: compiling each to Java costs more than it saves.
            "spark.sql.codegen.wholeStage": "false",
            "spark.sql.codegen.factoryMode": "NO_CODEGEN",
            "spark.sql.adaptive.enabled": "false",
            "spark.sql.extensions": "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions",
        }
        builder = SparkSession.builder.master("local[2]").appName("sluice-judge")
        for key, value in settings.items():
            builder = builder.config(key, value)
        self.spark = builder.getOrCreate()
        self.spark.sparkContext.setLogLevel("ERROR")
        self.spark.sql("CREATE NAMESPACE judge.t")
        self.numbers = itertools.count(1)
        self.known = {}

    def answer(self, request):
        if request["mode"] != "catalog-sql":
            return super().answer(request)
        self._attach(request["catalogName"], request["catalogFile"], request["warehouse"])
        rows = self.spark.sql(request["statement"]).collect()
        return {"rows": [{k: None if v is None else str(v) for k, v in row.asDict().items()} for row in rows]}

    def _attach(self, name, file, warehouse):
        """A session keeps a catalog that it has opened once: one file a name."""
        for key, value in {
            "": "org.apache.iceberg.spark.SparkCatalog",
            ".type": "jdbc",
            ".uri": f"jdbc:sqlite:{file}",
            ".jdbc.schema-version": "V1",
            ".warehouse": warehouse,
            # Others commit to the table too.
            ".cache-enabled": "false",
        }.items():
            self.spark.conf.set(f"spark.sql.catalog.{name}{key}", value)

    def source(self, location):
        # A metadata file never changes, so its registration may serve every later request.
        path = path_of(location)
        if path not in self.known:
            name = f"t{next(self.numbers)}"
            self.spark.sql(f"CALL judge.system.register_table('t.{name}', {quoted('file:' + path)})")
            self.known[path] = f"judge.t.{name}"
        return self.known[path]

    def path(self, dotted):
        return ".".join(f"`{part}`" for part in dotted.split("."))

    def literal(self, type_, text):
        if type_ == "binary" or type_.startswith("fixed"):
            return f"X'{text}'"
        if type_ in ("string", "uuid"):
            return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
        sql = {
            "boolean": "BOOLEAN", "int": "INT", "long": "BIGINT", "float": "FLOAT", "double": "DOUBLE",
            "date": "DATE", "timestamp": "TIMESTAMP_NTZ", "timestamptz": "TIMESTAMP",
        }.get(type_, type_)  # decimal(p,s) is spelled alike
        return f"CAST({quoted(text)} AS {sql})"

    def sum_text(self, column):
        return f"CAST(sum(CAST({column} AS DECIMAL(38, 10))) AS STRING)"

    def run(self, statement):
        return self.spark.sql(statement).toArrow()


serve(Spark().answer)
