package nibble.testing;

import net.jqwik.api.lifecycle.AroundPropertyHook;
import net.jqwik.api.lifecycle.PropagationMode;
import net.jqwik.api.lifecycle.PropertyExecutionResult;
import net.jqwik.api.lifecycle.PropertyExecutor;
import net.jqwik.api.lifecycle.PropertyLifecycleContext;

/**
 * Caps the tries of every property at system property {@code nibble.tests.maxTries}, where it is
 * set. The build sets it for runs whose vector width the machine does not have, because the Java
 * virtual machine then emulates each vector slowly. Registered for all properties in {@code
 * META-INF/services}.
 */
public final class TriesLimit implements AroundPropertyHook {
  private static final int JQWIK_DEFAULT = 1000;

  @Override
  public PropertyExecutionResult aroundProperty(
      PropertyLifecycleContext context, PropertyExecutor property) {
    Integer limit = Integer.getInteger("nibble.tests.maxTries");
    if (limit != null) {
      context
          .attributes()
          .setTries(Math.min(limit, context.attributes().tries().orElse(JQWIK_DEFAULT)));
    }
    return property.execute();
  }

  @Override
  public PropagationMode propagateTo() {
    return PropagationMode.ALL_DESCENDANTS;
  }

  /** Before jqwik's own hooks. */
  @Override
  public int aroundPropertyProximity() {
    return -100;
  }
}
