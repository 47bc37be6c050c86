import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.FileOutputStream;
import java.io.FileDescriptor;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/**
 * The child process of the iceberg-java judge: one request line in, one answer line out, as defined
 * at the top of harness.ts. Owns the loop and the choice of the mode; reading is in TableReads,
 * catalogs are in CatalogModes.
 */
public final class Judge {
  static final ObjectMapper JSON = new ObjectMapper();

  public static void main(String[] args) throws Exception {
    PrintStream answers = new PrintStream(new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8);
    System.setOut(System.err); // libraries may print; the answers keep the real stdout
    BufferedReader requests = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    answers.println("{\"ok\":true,\"ready\":true}");
    for (String line = requests.readLine(); line != null; line = requests.readLine()) {
      ObjectNode answer;
      try {
        answer = answer(JSON.readTree(line));
        answer.put("ok", true);
      } catch (Throwable error) {
        error.printStackTrace();
        answer = JSON.createObjectNode();
        answer.put("ok", false).put("error", error.getClass().getSimpleName() + ": " + error.getMessage());
      }
      answers.println(JSON.writeValueAsString(answer));
    }
  }

  private static ObjectNode answer(JsonNode request) throws Exception {
    String mode = request.get("mode").asText();
    if (mode.startsWith("catalog-")) {
      return CatalogModes.answer(mode, request);
    }
    return TableReads.answer(mode, request, TableReads.atMetadata(request.get("metadata").asText()));
  }
}
