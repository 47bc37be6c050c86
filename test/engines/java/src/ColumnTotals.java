import com.fasterxml.jackson.databind.node.ObjectNode;
import java.math.BigDecimal;
import java.util.Comparator;
import org.apache.iceberg.types.Comparators;
import org.apache.iceberg.types.Type;

/** Sum, least and greatest value of one column. NULL and NaN are left out. */
final class ColumnTotals {
  private final Type type;
  private final boolean summed;
  private final boolean ordered;
  private final Comparator<Object> order;
  private BigDecimal sum;
  private Object min;
  private Object max;

  @SuppressWarnings("unchecked")
  ColumnTotals(Type type) {
    this.type = type;
    Type.TypeID id = type.typeId();
    this.summed = id == Type.TypeID.INTEGER || id == Type.TypeID.LONG || id == Type.TypeID.DECIMAL;
    this.ordered = type.isPrimitiveType() && id != Type.TypeID.BOOLEAN && id != Type.TypeID.UUID && id != Type.TypeID.BINARY && id != Type.TypeID.FIXED;
    Comparator<?> comparator = id == Type.TypeID.STRING ? Comparators.charSequences() : Comparator.naturalOrder();
    this.order = (Comparator<Object>) comparator;
  }

  void add(Object value) {
    if (value == null || (value instanceof Float && ((Float) value).isNaN()) || (value instanceof Double && ((Double) value).isNaN())) {
      return;
    }
    if (summed) {
      sum = (sum == null ? BigDecimal.ZERO : sum).add(exact(value));
    }
    if (ordered) {
      min = min == null || order.compare(value, min) < 0 ? value : min;
      max = max == null || order.compare(value, max) > 0 ? value : max;
    }
  }

  private static BigDecimal exact(Object value) {
    return value instanceof BigDecimal ? (BigDecimal) value : BigDecimal.valueOf(((Number) value).longValue());
  }

  ObjectNode json() {
    ObjectNode json = Judge.JSON.createObjectNode();
    json.put("sum", sum == null ? null : sum.toPlainString());
    json.set("min", Canonical.json(min, type));
    json.set("max", Canonical.json(max, type));
    return json;
  }
}
