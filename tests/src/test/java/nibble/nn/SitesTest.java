package nibble.nn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import org.junit.jupiter.api.Test;

class SitesTest {
  private final Ops ops = Ops.serial();
  private final Sites sites = new Sites();

  @Test
  void anEmptySitePassesItsTensorThrough() {
    Site site = sites.add("place");
    Tensor x = Tensor.of(new float[] {1, 2}, 2);
    assertTrue(site.isIdentity());
    assertSame(x, site.apply(ops, x));
  }

  @Test
  void functionsRunInTheOrderInWhichTheyWereAdded() {
    Site site = sites.add("place");
    SiteFunction twice = (o, x) -> o.scale(x, 2);
    SiteFunction plusOne = (o, x) -> o.add(x, Tensor.scalar(1));
    site.append(twice);
    site.append(plusOne);
    Tensor x = Tensor.of(new float[] {3}, 1);
    assertArrayEquals(new float[] {7}, site.apply(ops, x).toFloats());
    assertTrue(site.remove(twice));
    assertFalse(site.remove(twice));
    assertEquals(List.of(plusOne), site.functions());
    assertArrayEquals(new float[] {4}, site.apply(ops, x).toFloats());
    site.clear();
    assertTrue(site.isIdentity());
  }

  @Test
  void aListOfFunctionsThatWasReadDoesNotChange() {
    Site site = sites.add("place");
    List<SiteFunction> before = site.functions();
    site.append((o, x) -> x);
    assertTrue(before.isEmpty());
  }

  @Test
  void sitesKeepTheirOrderAndHaveOneNameEach() {
    Site b = sites.add("b");
    Site a = sites.add("a");
    assertEquals(List.of(b, a), List.copyOf(sites.all()));
    assertSame(a, sites.get("a"));
    assertTrue(sites.find("c").isEmpty());
    assertEquals(
        "two sites are named 'a'",
        assertThrows(IllegalArgumentException.class, () -> sites.add("a")).getMessage());
    assertEquals(
        "the model has no site 'c'",
        assertThrows(IllegalArgumentException.class, () -> sites.get("c")).getMessage());
  }
}
