package nibble.quant.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.AbstractList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import nibble.nn.TokenIds;
import nibble.nn.decoder.Decoder;
import nibble.quant.format.Scheme;
import nibble.quant.method.OptionValues;
import nibble.quant.mixed.MixedPrecision;
import nibble.tensor.DType;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import nibble.testing.RandomTextModels;
import org.junit.jupiter.api.Test;

class SampleBatchesTest {
  private static SampleSource images(int... counts) {
    float[] next = {0};
    return SampleSource.of(
        Arrays.stream(counts)
            .mapToObj(
                count -> {
                  float[] pixels = new float[count * 6];
                  for (int i = 0; i < pixels.length; i++) {
                    pixels[i] = next[0]++;
                  }
                  return Samples.unlabelled(Tensor.of(pixels, count, 2, 3));
                })
            .toList());
  }

  @Property(tries = 100)
  void theFirstSamplesInTheirOrder(
      @ForAll @IntRange(min = 1, max = 4) int first,
      @ForAll @IntRange(min = 1, max = 4) int second,
      @ForAll @IntRange(min = 1, max = 10) int count,
      @ForAll @IntRange(min = 1, max = 5) int batch) {
    int taken = Math.min(count, first + second);
    float[] expected = new float[taken * 6];
    for (int i = 0; i < expected.length; i++) {
      expected[i] = i;
    }
    Tensor one = SampleBatches.one(images(first, second), count);
    assertArrayEquals(new int[] {taken, 2, 3}, one.shape().dims());
    assertArrayEquals(expected, one.toFloats());
    List<Tensor> batches = SampleBatches.of(images(first, second), count, batch);
    assertEquals(Math.ceilDiv(taken, batch), batches.size());
    int at = 0;
    for (Tensor x : batches) {
      assertTrue(x.dim(0) == batch || x == batches.getLast());
      for (float value : x.toFloats()) {
        assertEquals(at++, value);
      }
    }
    assertEquals(expected.length, at);
  }

  /** Ids above 2^24 have neighbours that F32 cannot tell from them. */
  @Test
  void tokenIdsStayIntegers() {
    int large = (1 << 24) + 1;
    SampleSource texts =
        SampleSource.of(
            List.of(
                Samples.unlabelled(
                    TokenIds.tensor(List.of(new int[] {1, large}, new int[] {2, 3}))),
                Samples.unlabelled(TokenIds.tensor(4, 5))));
    Tensor one = SampleBatches.one(texts, 3);
    assertEquals(DType.I32, one.dtype());
    assertArrayEquals(new int[] {1, large, 2, 3, 4, 5}, TokenIds.of(one).flat());
    List<Tensor> batches = SampleBatches.of(texts, 3, 2);
    assertArrayEquals(new int[] {1, large, 2, 3}, TokenIds.of(batches.getFirst()).flat());
    assertArrayEquals(new int[] {4, 5}, TokenIds.of(batches.getLast()).flat());
  }

  @Test
  void laterBatchesAreNotMade() {
    SampleSource source = images(2, 2);
    List<Samples> batches =
        new AbstractList<>() {
          @Override
          public Samples get(int index) {
            if (index > 1) {
              throw new AssertionError("batch " + index + " is not needed");
            }
            return source.batches().get(index);
          }

          @Override
          public int size() {
            return 5;
          }
        };
    SampleSource lazy =
        new SampleSource() {
          @Override
          public int size() {
            return 10;
          }

          @Override
          public boolean hasLabels() {
            return false;
          }

          @Override
          public List<Samples> batches() {
            return batches;
          }

          @Override
          public SampleStream training(int batch, long seed, long from) {
            throw new AssertionError("not asked for");
          }
        };
    assertEquals(4, SampleBatches.one(lazy, 4).dim(0));
  }

  @Test
  void whatCannotBeOneBatchIsRefused() {
    assertThrows(IllegalArgumentException.class, () -> SampleBatches.one(SampleSource.none(), 4));
    SampleSource lengths =
        SampleSource.of(
            List.of(
                Samples.unlabelled(TokenIds.tensor(1, 2)),
                Samples.unlabelled(TokenIds.tensor(1, 2, 3))));
    String message =
        String.valueOf(
            assertThrows(IllegalArgumentException.class, () -> SampleBatches.one(lengths, 2))
                .getMessage());
    assertTrue(message.contains("[1, 2]") && message.contains("[1, 3]"), message);
    assertEquals(2, SampleBatches.of(lengths, 2, 1).size());
  }

  /** Methods that look at samples this way work on text models too. */
  @Test
  void aTextModelCanBeMeasured() {
    OptionValues options = MixedPrecision.CARD.resolve(Map.of("images", 2));
    Decoder model = RandomTextModels.llama(RandomTextModels.Shape.SMALL, 1);
    SampleSource texts =
        SampleSource.of(
            List.of(
                Samples.unlabelled(TokenIds.tensor(RandomTextModels.ids(12, 1))),
                Samples.unlabelled(TokenIds.tensor(RandomTextModels.ids(12, 2)))));
    try (Ops ops = Ops.serial()) {
      MethodReport report =
          MixedPrecision.of(options)
              .apply(ModelTask.of(ops, model, () -> model, texts, Scheme.parse("W4A16"), 1));
      assertEquals(model.linears().size(), report.layers().size());
    }
  }
}
