package nibble.loaders.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import nibble.loaders.BadFileException;
import nibble.testing.SharedData;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LabeledImagesTest {
  @TempDir Path folder;

  @BeforeEach
  void writeImages() throws IOException {
    Files.writeString(folder.resolve("a.png"), "");
    Files.writeString(folder.resolve("b, \"c\".png"), "");
  }

  private Path labels(String csv) throws IOException {
    return Files.writeString(folder.resolve("labels.csv"), csv);
  }

  @Test
  void quotesColumnOrderAndLineEndsDoNotMatter() throws IOException {
    labels(
        "\uFEFFclass_index,name,file\r\n3,\"two\r\nlines\",a.png\r\n\r\n 0 ,,\"b, \"\"c\"\".png\"");
    List<LabeledImages.Sample> samples = LabeledImages.read(folder, 10).samples();
    assertEquals(List.of(3, 0), samples.stream().map(LabeledImages.Sample::classIndex).toList());
    assertEquals(folder.resolve("b, \"c\".png"), samples.get(1).file());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "file,class_index;a.png,10|line 2: class_index is '10', expected an integer from 0 to 9",
        "file,class_index;a.png,-1|line 2: class_index is '-1'",
        "file,class_index;a.png,x|line 2: class_index is 'x'",
        "file,class_index;;a.png,1;none.png,1|line 4: file 'none.png' does not exist",
        "file,class_index;a.png,1;a.png,2|line 3: lists 'a.png' again, it is already in line 2",
        "file,class_index;a.png,1;./a.png,1|line 3: lists './a.png' again",
        "file,class_index;../x.png,1|line 2: file '../x.png' is not inside the folder",
        "file,class_index;/etc/passwd,1|line 2: file '/etc/passwd' is not inside the folder",
        "file,class_index;,1|line 2: file '' is not inside the folder",
        "file,class_index;a.png|line 2: has 1 fields, expected 2",
        "file,class_index;a.png,1,2|line 2: has 3 fields, expected 2",
        "file,class_index;\"a.png,1|line 2: a quoted field does not end",
        "file,class_index;\"a.png\"x,1|line 2: text after a quoted field",
        "file,class_index;a\"b,1|line 2: a quote inside a field",
        "file,index;a.png,1|line 1: has no column 'class_index', found file,index",
        "file,file;a.png,1|line 1: a column name appears twice",
        "file,class_index|lists no images",
        "~~|is empty"
      })
  void brokenListsAreRefused(String csv, String reason) throws IOException {
    Path labels = labels(csv.replace(';', '\n'));
    String message =
        assertThrows(BadFileException.class, () -> LabeledImages.read(folder, 10)).getMessage();
    assertTrue(message.startsWith(labels + ": " + reason), message);
  }

  @Test
  void missingListAndFolderAreNamed() {
    assertThrows(BadFileException.class, () -> LabeledImages.read(folder, 10));
    assertThrows(BadFileException.class, () -> LabeledImages.read(folder.resolve("none"), 10));
  }

  @Test
  void realListIsRead() {
    LabeledImages images = LabeledImages.read(SharedData.require("images-dev"), 1000);
    assertEquals(400, images.size());
    assertEquals(0, images.samples().getFirst().classIndex());
  }
}
