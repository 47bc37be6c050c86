import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.UUID;
import org.apache.iceberg.AppendFiles;
import org.apache.iceberg.CatalogProperties;
import org.apache.iceberg.HasTableOperations;
import org.apache.iceberg.PartitionKey;
import org.apache.iceberg.PartitionSpec;
import org.apache.iceberg.Table;
import org.apache.iceberg.catalog.Namespace;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.data.InternalRecordWrapper;
import org.apache.iceberg.data.Record;
import org.apache.iceberg.data.parquet.GenericParquetWriter;
import org.apache.iceberg.io.DataWriter;
import org.apache.iceberg.jdbc.JdbcCatalog;
import org.apache.iceberg.parquet.Parquet;

/** Opens a SQLite catalog file as Java's JdbcCatalog does, reads its tables and appends to them. */
final class CatalogModes {
  private CatalogModes() {}

  static ObjectNode answer(String mode, JsonNode request) throws Exception {
    try (JdbcCatalog catalog = open(request)) {
      switch (mode) {
        case "catalog-tables":
          return tables(catalog);
        case "catalog-rows":
          return TableReads.answer("rows", request, load(catalog, request));
        case "catalog-append":
          return append(load(catalog, request), request);
        default:
          throw new IllegalArgumentException("unknown mode " + mode);
      }
    }
  }

  private static JdbcCatalog open(JsonNode request) {
    Map<String, String> properties = new HashMap<>();
    properties.put(CatalogProperties.URI, "jdbc:sqlite:" + request.get("catalogFile").asText());
    properties.put(CatalogProperties.WAREHOUSE_LOCATION, request.get("warehouse").asText());
    properties.put(CatalogProperties.FILE_IO_IMPL, LocalIo.class.getName());
    properties.put("jdbc.schema-version", "V1");
    JdbcCatalog catalog = new JdbcCatalog();
    catalog.initialize(request.get("catalogName").asText(), properties);
    return catalog;
  }

  private static Table load(JdbcCatalog catalog, JsonNode request) {
    return catalog.loadTable(TableIdentifier.parse(request.get("table").asText()));
  }

  private static ObjectNode tables(JdbcCatalog catalog) {
    TreeSet<String> names = new TreeSet<>();
    List<Namespace> pending = new ArrayList<>(catalog.listNamespaces());
    while (!pending.isEmpty()) {
      Namespace namespace = pending.remove(pending.size() - 1);
      catalog.listTables(namespace).forEach(table -> names.add(table.toString()));
      pending.addAll(catalog.listNamespaces(namespace));
    }
    ObjectNode answer = Judge.JSON.createObjectNode();
    ArrayNode list = answer.putArray("tables");
    names.forEach(list::add);
    return answer;
  }

  private static ObjectNode append(Table table, JsonNode request) throws Exception {
    PartitionSpec spec = table.spec();
    InternalRecordWrapper internal = new InternalRecordWrapper(table.schema().asStruct());
    Map<PartitionKey, List<Record>> groups = new LinkedHashMap<>();
    for (JsonNode row : request.get("rows")) {
      Record record = Parsing.record(row, table.schema().asStruct());
      PartitionKey key = new PartitionKey(spec, table.schema());
      key.partition(internal.wrap(record));
      groups.computeIfAbsent(key, k -> new ArrayList<>()).add(record);
    }
    boolean fast = request.path("fast").asBoolean();
    AppendFiles append = fast ? table.newFastAppend() : table.newAppend();
    for (Map.Entry<PartitionKey, List<Record>> group : groups.entrySet()) {
      append.appendFile(write(table, group.getKey(), group.getValue()).toDataFile());
    }
    append.commit();
    String metadata = ((HasTableOperations) table).operations().current().metadataFileLocation();
    return Judge.JSON.createObjectNode().put("metadata", metadata);
  }

  private static DataWriter<Record> write(Table table, PartitionKey key, List<Record> records) throws Exception {
    PartitionSpec spec = table.spec();
    String name = "java-" + UUID.randomUUID() + ".parquet";
    String location =
        spec.isUnpartitioned()
            ? table.locationProvider().newDataLocation(name)
            : table.locationProvider().newDataLocation(spec, key, name);
    DataWriter<Record> writer =
        Parquet.writeData(table.io().newOutputFile(location))
            .forTable(table)
            .createWriterFunc(type -> GenericParquetWriter.create(table.schema(), type))
            .withPartition(spec.isUnpartitioned() ? null : key)
            .build();
    try (writer) {
      writer.write(records);
    }
    return writer;
  }
}
