package nibble.nn.integer;

import nibble.nn.Operator;
import nibble.nn.OperatorForm;
import nibble.nn.site.FunctionRecord;

/**
 * A form of an operator that belongs to the model: it stays when the model is written and read
 * again. Immutable, safe for several threads. Gradients pass as through the model's own function.
 *
 * <p>A new kind is a class and a line in {@link StoredForms}.
 */
public interface StoredForm extends OperatorForm {
  /** What it stands in for. */
  Operator.Kind operator();

  /** Everything needed to make it again. */
  FunctionRecord stored();
}
