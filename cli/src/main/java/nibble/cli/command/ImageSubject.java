package nibble.cli.command;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import nibble.cli.table.FolderSplit;
import nibble.loaders.data.LabeledImages;
import org.jspecify.annotations.Nullable;

/**
 * Labelled images.
 *
 * @param labels null for those of the folder
 * @param split images of the folder that are for calibration; 0 for none
 * @param calibration other images to calibrate with; null with a split
 * @param samples at most so many of them are taken
 * @param out where lists of both parts lie
 */
record ImageSubject(
    Path images,
    @Nullable Path labels,
    int split,
    @Nullable Path calibration,
    int samples,
    int limit,
    Path out)
    implements TableSubject {
  @Override
  public Map<String, String> facts() {
    Map<String, String> facts = new LinkedHashMap<>();
    facts.put("images", images.toString());
    if (split > 0) {
      LabeledImages all =
          labels == null
              ? LabeledImages.read(images, Integer.MAX_VALUE)
              : LabeledImages.read(images, labels, Integer.MAX_VALUE);
      FolderSplit parts = FolderSplit.of(all, split);
      parts.write(images, calibrationList(), evaluationList());
      facts.put(
          "calibration",
          "%s %d images of the folder: %s"
              .formatted(
                  samples < split ? "at most " + samples + " of" : "all",
                  parts.calibration().size(),
                  calibrationList().getFileName()));
      facts.put(
          "evaluation",
          "the other %d: %s".formatted(parts.evaluation().size(), evaluationList().getFileName()));
    } else {
      facts.put("calibration", "at most %d images of %s".formatted(samples, calibration));
    }
    if (limit != Integer.MAX_VALUE) {
      facts.put("limit", Integer.toString(limit));
    }
    return facts;
  }

  private Path calibrationList() {
    return out.resolve("calibration.csv");
  }

  private Path evaluationList() {
    return out.resolve("evaluation.csv");
  }

  @Override
  public List<String> calibrationArguments() {
    Path other = calibration;
    List<String> arguments = new ArrayList<>();
    if (other == null) {
      arguments.addAll(
          List.of(
              "--calibration",
              images.toString(),
              "--calibration-list",
              calibrationList().toString()));
    } else {
      arguments.addAll(List.of("--calibration", other.toString()));
    }
    arguments.addAll(List.of("--calibration-samples", Integer.toString(samples)));
    return arguments;
  }

  @Override
  public List<String> evaluationArguments() {
    List<String> arguments = new ArrayList<>(List.of("--images", images.toString()));
    if (split > 0) {
      arguments.addAll(List.of("--labels", evaluationList().toString()));
    } else if (labels != null) {
      arguments.addAll(List.of("--labels", String.valueOf(labels)));
    }
    if (limit != Integer.MAX_VALUE) {
      arguments.addAll(List.of("--limit", Integer.toString(limit)));
    }
    return arguments;
  }
}
