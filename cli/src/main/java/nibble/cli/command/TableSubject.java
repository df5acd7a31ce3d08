package nibble.cli.command;

import java.util.List;
import java.util.Map;

/** What a table measures on, as arguments of {@code eval} and {@code quantize}. */
interface TableSubject {
  /** What holds for all cells, for people and to recognise the table of an interrupted run. */
  Map<String, String> facts();

  /** Arguments of {@code quantize} that name the calibration data. */
  List<String> calibrationArguments();

  /** Arguments of {@code eval} without the model. */
  List<String> evaluationArguments();
}
