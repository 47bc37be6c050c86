import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
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
import org.apache.iceberg.RowDelta;
import org.apache.iceberg.Schema;
import org.apache.iceberg.Table;
import org.apache.iceberg.catalog.Namespace;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.data.GenericRecord;
import org.apache.iceberg.data.InternalRecordWrapper;
import org.apache.iceberg.data.Record;
import org.apache.iceberg.data.parquet.GenericParquetWriter;
import org.apache.iceberg.deletes.EqualityDeleteWriter;
import org.apache.iceberg.io.DataWriter;
import org.apache.iceberg.jdbc.JdbcCatalog;
import org.apache.iceberg.parquet.Parquet;
import org.apache.iceberg.types.Types;

/** Opens a SQLite catalog file as Java's JdbcCatalog does, reads its tables, appends to them and deletes by equality. */
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
        case "catalog-delete-equal":
          return deleteEqual(load(catalog, request), request);
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
    boolean fast = request.path("fast").asBoolean();
    AppendFiles append = fast ? table.newFastAppend() : table.newAppend();
    for (Map.Entry<PartitionKey, List<Record>> group : byPartition(table, request).entrySet()) {
      append.appendFile(write(table, group.getKey(), group.getValue()).toDataFile());
    }
    append.commit();
    String metadata = ((HasTableOperations) table).operations().current().metadataFileLocation();
    return Judge.JSON.createObjectNode().put("metadata", metadata);
  }

  private static ObjectNode deleteEqual(Table table, JsonNode request) throws Exception {
    List<String> columns = new ArrayList<>();
    request.get("columns").forEach(column -> columns.add(column.asText()));
    Schema compared = table.schema().select(columns);
    RowDelta delta = table.newRowDelta();
    for (Map.Entry<PartitionKey, List<Record>> group : byPartition(table, request).entrySet()) {
      EqualityDeleteWriter<Record> writer = equalityWriter(table, compared, group.getKey());
      try (writer) {
        for (Record record : group.getValue()) {
          Record key = GenericRecord.create(compared);
          columns.forEach(column -> key.setField(column, record.getField(column)));
          writer.write(key);
        }
      }
      delta.addDeletes(writer.toDeleteFile());
    }
    delta.commit();
    return Judge.JSON.createObjectNode();
  }

  private static EqualityDeleteWriter<Record> equalityWriter(Table table, Schema compared, PartitionKey key)
      throws IOException {
    int[] ids = compared.columns().stream().mapToInt(Types.NestedField::fieldId).toArray();
    return Parquet.writeDeletes(table.io().newOutputFile(newLocation(table, key)))
        .forTable(table)
        .rowSchema(compared)
        .createWriterFunc(type -> GenericParquetWriter.create(compared, type))
        .equalityFieldIds(ids)
        .withPartition(table.spec().isUnpartitioned() ? null : key)
        .buildEqualityWriter();
  }

  /** The rows of a request by the partition that the current spec gives them. */
  private static Map<PartitionKey, List<Record>> byPartition(Table table, JsonNode request) {
    InternalRecordWrapper internal = new InternalRecordWrapper(table.schema().asStruct());
    Map<PartitionKey, List<Record>> groups = new LinkedHashMap<>();
    for (JsonNode row : request.get("rows")) {
      Record record = Parsing.record(row, table.schema().asStruct());
      PartitionKey key = new PartitionKey(table.spec(), table.schema());
      key.partition(internal.wrap(record));
      groups.computeIfAbsent(key, k -> new ArrayList<>()).add(record);
    }
    return groups;
  }

  private static String newLocation(Table table, PartitionKey key) {
    String name = "java-" + UUID.randomUUID() + ".parquet";
    PartitionSpec spec = table.spec();
    return spec.isUnpartitioned()
        ? table.locationProvider().newDataLocation(name)
        : table.locationProvider().newDataLocation(spec, key, name);
  }

  private static DataWriter<Record> write(Table table, PartitionKey key, List<Record> records) throws Exception {
    DataWriter<Record> writer =
        Parquet.writeData(table.io().newOutputFile(newLocation(table, key)))
            .forTable(table)
            .createWriterFunc(type -> GenericParquetWriter.create(table.schema(), type))
            .withPartition(table.spec().isUnpartitioned() ? null : key)
            .build();
    try (writer) {
      writer.write(records);
    }
    return writer;
  }
}
