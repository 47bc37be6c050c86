import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import org.apache.iceberg.BaseTable;
import org.apache.iceberg.StaticTableOperations;
import org.apache.iceberg.Table;
import org.apache.iceberg.data.IcebergGenerics;
import org.apache.iceberg.data.Record;
import org.apache.iceberg.io.CloseableIterable;
import org.apache.iceberg.types.Types;

/** Reads one table through Iceberg's generic reader and answers in canonical form. */
final class TableReads {
  private TableReads() {}

  static Table atMetadata(String location) {
    return new BaseTable(new StaticTableOperations(location, new LocalIo()), location);
  }

  static ObjectNode answer(String mode, JsonNode request, Table table) throws Exception {
    switch (mode) {
      case "count":
        long count = 0;
        try (CloseableIterable<Record> records = IcebergGenerics.read(table).select(table.schema().columns().get(0).name()).build()) {
          for (Record ignored : records) {
            count++;
          }
        }
        return object().put("count", Long.toString(count));
      case "rows":
        return rows(request, table);
      case "filter":
        return filter(request, table);
      case "aggregate":
        return aggregate(request, table);
      default:
        throw new IllegalArgumentException("unknown mode " + mode);
    }
  }

  private static ObjectNode rows(JsonNode request, Table table) throws Exception {
    List<Types.NestedField> fields = fields(request, table);
    IcebergGenerics.ScanBuilder scan = IcebergGenerics.read(table).select(names(fields));
    if (request.hasNonNull("predicate")) {
      scan.where(Parsing.expression(request.get("predicate")));
    }
    ObjectNode answer = object();
    ArrayNode rows = answer.putArray("rows");
    try (CloseableIterable<Record> records = scan.build()) {
      records.forEach(record -> rows.add(Canonical.row(record, fields)));
    }
    return answer;
  }

  private static ObjectNode filter(JsonNode request, Table table) throws Exception {
    String key = request.get("key").asText();
    List<Long> keys = new ArrayList<>();
    try (CloseableIterable<Record> records =
        IcebergGenerics.read(table).select(key).where(Parsing.expression(request.get("predicate"))).build()) {
      records.forEach(record -> keys.add((Long) record.getField(key)));
    }
    keys.sort(null);
    ObjectNode answer = object();
    ArrayNode texts = answer.putArray("keys");
    keys.forEach(k -> texts.add(k.toString()));
    return answer;
  }

  private static ObjectNode aggregate(JsonNode request, Table table) throws Exception {
    List<Types.NestedField> fields = fields(request, table);
    List<ColumnTotals> totals = new ArrayList<>();
    fields.forEach(field -> totals.add(new ColumnTotals(field.type())));
    long count = 0;
    try (CloseableIterable<Record> records = IcebergGenerics.read(table).select(names(fields)).build()) {
      for (Record record : records) {
        count++;
        for (int i = 0; i < fields.size(); i++) {
          totals.get(i).add(record.getField(fields.get(i).name()));
        }
      }
    }
    ObjectNode answer = object().put("count", Long.toString(count));
    ObjectNode columns = answer.putObject("columns");
    for (int i = 0; i < fields.size(); i++) {
      columns.set(fields.get(i).name(), totals.get(i).json());
    }
    return answer;
  }

  private static List<Types.NestedField> fields(JsonNode request, Table table) {
    if (!request.hasNonNull("columns")) {
      return table.schema().columns();
    }
    List<Types.NestedField> fields = new ArrayList<>();
    request.get("columns").forEach(name -> fields.add(table.schema().findField(name.asText())));
    return fields;
  }

  private static String[] names(List<Types.NestedField> fields) {
    return fields.stream().map(Types.NestedField::name).toArray(String[]::new);
  }

  private static ObjectNode object() {
    return Judge.JSON.createObjectNode();
  }
}
