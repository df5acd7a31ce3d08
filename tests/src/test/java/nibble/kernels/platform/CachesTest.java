package nibble.kernels.platform;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class CachesTest {
  @Test
  void sizesAreReadAsLinuxWritesThem() {
    assertEquals(48 << 10, Caches.bytes("48K"));
    assertEquals(2 << 20, Caches.bytes("2M"));
    for (String unknown : new String[] {"", "K", "-1K", "2048", "1G", "99999999K"}) {
      assertEquals(0, Caches.bytes(unknown), unknown);
    }
  }

  @Test
  void sizesMakeSense() {
    assertTrue(Caches.L1 >= 16 << 10 && Caches.L1 <= Caches.L2, Caches.L1 + " and " + Caches.L2);
    assertTrue(Caches.L2 <= 8 << 20);
  }
}
