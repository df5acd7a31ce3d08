package nibble.cli.quantization;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import nibble.loaders.model.LoadedModel;
import nibble.loaders.model.ModelLoader;
import nibble.nn.Model;

/** Opens a model folder again, as often as a method asks for it, and closes all of them. */
public final class FloatModels implements Supplier<Model>, AutoCloseable {
  private final Path folder;
  private final List<LoadedModel> open = new ArrayList<>();

  /** Models of one folder. */
  public FloatModels(Path folder) {
    this.folder = folder;
  }

  @Override
  public Model get() {
    LoadedModel fresh = ModelLoader.load(folder);
    open.add(fresh);
    return fresh.model();
  }

  @Override
  public void close() {
    open.forEach(LoadedModel::close);
  }
}
