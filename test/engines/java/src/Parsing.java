import com.fasterxml.jackson.databind.JsonNode;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.apache.iceberg.data.GenericRecord;
import org.apache.iceberg.data.Record;
import org.apache.iceberg.expressions.Expression;
import org.apache.iceberg.expressions.Expressions;
import org.apache.iceberg.types.Type;
import org.apache.iceberg.types.Types;

/** Canonical JSON into generic records and expressions: the inverse of Canonical. */
final class Parsing {
  private static final HexFormat HEX = HexFormat.of();

  private Parsing() {}

  static Record record(JsonNode row, Types.StructType struct) {
    Record record = GenericRecord.create(struct);
    for (Types.NestedField field : struct.fields()) {
      record.setField(field.name(), value(row.get(field.name()), field.type()));
    }
    return record;
  }

  private static Object value(JsonNode json, Type type) {
    if (json == null || json.isNull()) {
      return null;
    }
    switch (type.typeId()) {
      case STRUCT:
        return record(json, type.asStructType());
      case LIST:
        List<Object> list = new ArrayList<>();
        json.forEach(item -> list.add(value(item, type.asListType().elementType())));
        return list;
      case MAP:
        Map<Object, Object> map = new LinkedHashMap<>();
        json.forEach(pair -> map.put(value(pair.get(0), type.asMapType().keyType()), value(pair.get(1), type.asMapType().valueType())));
        return map;
      case DATE:
        return LocalDate.parse(json.asText());
      case TIME:
        return LocalTime.parse(json.asText());
      case TIMESTAMP:
        return ((Types.TimestampType) type).shouldAdjustToUTC() ? OffsetDateTime.parse(json.asText()) : LocalDateTime.parse(json.asText());
      case FIXED:
        return HEX.parseHex(json.asText());
      default:
        return plain(json.asText(), type);
    }
  }

  /** The forms in which records and expressions agree. */
  private static Object plain(String text, Type type) {
    switch (type.typeId()) {
      case BOOLEAN:
        return Boolean.valueOf(text);
      case INTEGER:
        return Integer.valueOf(text);
      case LONG:
        return Long.valueOf(text);
      case FLOAT:
        return Float.valueOf(text);
      case DOUBLE:
        return Double.valueOf(text);
      case DECIMAL:
        return new BigDecimal(text);
      case UUID:
        return UUID.fromString(text);
      case FIXED:
      case BINARY:
        return ByteBuffer.wrap(HEX.parseHex(text));
      default:
        return text; // strings, and dates and times in expressions, which Iceberg parses itself
    }
  }

  static Expression expression(JsonNode predicate) {
    String column = predicate.get("column").asText();
    String op = predicate.get("op").asText();
    if (op.equals("isnull")) {
      return Expressions.isNull(column);
    }
    if (op.equals("notnull")) {
      return Expressions.notNull(column);
    }
    Type type = Types.fromPrimitiveString(predicate.get("type").asText());
    List<Object> values = new ArrayList<>();
    predicate.get("literals").forEach(text -> values.add(plain(text.asText(), type)));
    switch (op) {
      case "eq":
        return Expressions.equal(column, values.get(0));
      case "lt":
        return Expressions.lessThan(column, values.get(0));
      case "le":
        return Expressions.lessThanOrEqual(column, values.get(0));
      case "gt":
        return Expressions.greaterThan(column, values.get(0));
      case "ge":
        return Expressions.greaterThanOrEqual(column, values.get(0));
      case "between":
        return Expressions.and(Expressions.greaterThanOrEqual(column, values.get(0)), Expressions.lessThanOrEqual(column, values.get(1)));
      default:
        throw new IllegalArgumentException("unknown op " + op);
    }
  }
}
