import java.io.File;
import java.io.UncheckedIOException;
import java.io.IOException;
import java.nio.file.Paths;
import org.apache.iceberg.Files;
import org.apache.iceberg.io.FileIO;
import org.apache.iceberg.io.InputFile;
import org.apache.iceberg.io.OutputFile;

/** Local files without Hadoop. Paths are taken as they stand: Iceberg does not decode `%20`. */
public final class LocalIo implements FileIO {
  static String path(String location) {
    return location.startsWith("file:") ? location.replaceFirst("^file:/*", "/") : location;
  }

  @Override
  public InputFile newInputFile(String location) {
    return Files.localInput(new File(path(location)));
  }

  @Override
  public OutputFile newOutputFile(String location) {
    return Files.localOutput(new File(path(location)));
  }

  @Override
  public void deleteFile(String location) {
    try {
      java.nio.file.Files.deleteIfExists(Paths.get(path(location)));
    } catch (IOException error) {
      throw new UncheckedIOException(error);
    }
  }
}
