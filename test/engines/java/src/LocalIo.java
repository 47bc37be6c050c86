import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Paths;
import org.apache.iceberg.Files;
import org.apache.iceberg.io.FileIO;
import org.apache.iceberg.io.InputFile;
import org.apache.iceberg.io.OutputFile;
import org.apache.iceberg.io.PositionOutputStream;
import org.apache.iceberg.io.SeekableInputStream;

/** Local files without Hadoop. Paths are taken as they stand: Iceberg does not decode `%20`. */
public final class LocalIo implements FileIO {
  static String path(String location) {
    return location.startsWith("file:") ? location.replaceFirst("^file:/*", "/") : location;
  }

  @Override
  public InputFile newInputFile(String location) {
    InputFile file = Files.localInput(new File(path(location)));
    return new InputFile() {
      @Override
      public long getLength() {
        return file.getLength();
      }

      @Override
      public SeekableInputStream newStream() {
        return file.newStream();
      }

      /** As it was asked for: a catalog compares it with the metadata location it holds. */
      @Override
      public String location() {
        return location;
      }

      @Override
      public boolean exists() {
        return file.exists();
      }
    };
  }

  @Override
  public OutputFile newOutputFile(String location) {
    OutputFile file = Files.localOutput(new File(path(location)));
    return new OutputFile() {
      @Override
      public PositionOutputStream create() {
        return file.create();
      }

      @Override
      public PositionOutputStream createOrOverwrite() {
        return file.createOrOverwrite();
      }

      /** As it was asked for: this text goes into manifests and catalogs. */
      @Override
      public String location() {
        return location;
      }

      @Override
      public InputFile toInputFile() {
        return newInputFile(location);
      }
    };
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
