import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.nio.ByteBuffer;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.apache.iceberg.data.Record;
import org.apache.iceberg.types.Type;
import org.apache.iceberg.types.Types;

/** Values of Iceberg's generic records as canonical JSON. Does not read tables. */
final class Canonical {
  private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("HH:mm:ss.SSSSSS");
  private static final DateTimeFormatter MICROS = DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSSSSS");
  private static final DateTimeFormatter NANOS = DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSSSSSSSS");
  private static final HexFormat HEX = HexFormat.of();

  private Canonical() {}

  static ObjectNode row(Record record, List<Types.NestedField> fields) {
    ObjectNode row = Judge.JSON.createObjectNode();
    for (Types.NestedField field : fields) {
      row.set(field.name(), json(record.getField(field.name()), field.type()));
    }
    return row;
  }

  static JsonNode json(Object value, Type type) {
    if (value == null) {
      return Judge.JSON.nullNode();
    }
    switch (type.typeId()) {
      case STRUCT:
        return row((Record) value, type.asStructType().fields());
      case LIST:
        ArrayNode list = Judge.JSON.createArrayNode();
        ((List<?>) value).forEach(item -> list.add(json(item, type.asListType().elementType())));
        return list;
      case MAP:
        ArrayNode pairs = Judge.JSON.createArrayNode();
        ((Map<?, ?>) value)
            .forEach((k, v) -> pairs.addArray().add(json(k, type.asMapType().keyType())).add(json(v, type.asMapType().valueType())));
        return pairs;
      case BOOLEAN:
        return Judge.JSON.getNodeFactory().booleanNode((Boolean) value);
      default:
        return Judge.JSON.getNodeFactory().textNode(text(value, type));
    }
  }

  private static String text(Object value, Type type) {
    switch (type.typeId()) {
      case FLOAT:
        return number((Float) value, Float.isFinite((Float) value), true);
      case DOUBLE:
        return number((Double) value, Double.isFinite((Double) value), false);
      case DECIMAL:
        return ((BigDecimal) value).toPlainString();
      case DATE:
        return ((LocalDate) value).toString();
      case TIME:
        return TIME.format((LocalTime) value);
      case TIMESTAMP:
        return instant(value, MICROS);
      case TIMESTAMP_NANO:
        return instant(value, NANOS);
      case FIXED:
        return value instanceof byte[] ? HEX.formatHex((byte[]) value) : hex((ByteBuffer) value);
      case BINARY:
        return hex((ByteBuffer) value);
      default:
        return value.toString();
    }
  }

  private static String instant(Object value, DateTimeFormatter format) {
    if (value instanceof OffsetDateTime) {
      return format.format(((OffsetDateTime) value).withOffsetSameInstant(ZoneOffset.UTC)) + "+00:00";
    }
    return format.format((LocalDateTime) value);
  }

  private static String hex(ByteBuffer buffer) {
    byte[] bytes = new byte[buffer.remaining()];
    buffer.duplicate().get(bytes);
    return HEX.formatHex(bytes);
  }

  /** The fewest digits that read back as the same value, in the layout of JavaScript's String(number). */
  private static String number(double value, boolean finite, boolean single) {
    if (!finite) {
      return Double.isNaN(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity";
    }
    if (value == 0) {
      return 1 / value < 0 ? "-0.0" : "0";
    }
    BigDecimal exact = new BigDecimal(value);
    BigDecimal shortest = exact;
    for (int precision = 1; precision <= 17; precision++) {
      BigDecimal rounded = exact.round(new MathContext(precision, RoundingMode.HALF_EVEN));
      if (single ? rounded.floatValue() == (float) value : rounded.doubleValue() == value) {
        shortest = rounded;
        break;
      }
    }
    return layout(shortest.stripTrailingZeros());
  }

  private static String layout(BigDecimal value) {
    String sign = value.signum() < 0 ? "-" : "";
    String digits = value.unscaledValue().abs().toString();
    int point = digits.length() - value.scale();
    if (digits.length() <= point && point <= 21) {
      return sign + digits + "0".repeat(point - digits.length());
    }
    if (0 < point && point <= 21) {
      return sign + digits.substring(0, point) + "." + digits.substring(point);
    }
    if (-6 < point && point <= 0) {
      return sign + "0." + "0".repeat(-point) + digits;
    }
    String head = digits.length() > 1 ? digits.charAt(0) + "." + digits.substring(1) : digits;
    return sign + head + "e" + (point > 1 ? "+" : "-") + Math.abs(point - 1);
  }
}
