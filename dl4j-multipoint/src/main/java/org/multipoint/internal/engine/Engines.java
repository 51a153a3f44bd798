package org.multipoint.internal.engine;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The engine of this process: oneDNN where its library is on the class path and can be loaded, else ND4J, with a warning. The system
 * property {@value #PROPERTY} asks for one: {@code onednn} or {@code nd4j}.
 */
public final class Engines {

    /** Name of the system property. */
    public static final String PROPERTY = "org.multipoint.engine";

    /** What brings oneDNN, its native libraries and the JavaCPP they need. */
    private static final String DEPENDENCY = "org.multipoint:dl4j-multipoint-platform";

    private static final Logger LOG = LoggerFactory.getLogger(Engines.class);

    private Engines() {
    }

    private static final class Holder {
        static final Engine NATIVE_OR_NULL = load();

        private static Engine load() {
            try {
                return new OneDnnEngine();
            } catch (LinkageError | RuntimeException e) {
                LOG.debug("oneDNN cannot be loaded", e);
                LOG.warn("Quantized layers run at least ten times slower than they could: on ND4J, as oneDNN cannot be loaded ({}). "
                        + "Add the dependency {}", cause(e), DEPENDENCY);
                return null;
            }
        }

        /** In one line. */
        private static String cause(Throwable e) {
            Throwable root = e instanceof ExceptionInInitializerError && e.getCause() != null ? e.getCause() : e;
            return root.toString().lines().findFirst().orElseThrow();
        }
    }

    /**
     * The engine to use.
     *
     * @throws IllegalStateException where {@value #PROPERTY} asks for an engine that is unknown or cannot be loaded
     */
    public static Engine preferred() {
        String wanted = System.getProperty(PROPERTY, "");
        return switch (wanted) {
            case "" -> Holder.NATIVE_OR_NULL == null ? nd4j() : Holder.NATIVE_OR_NULL;
            case "nd4j" -> nd4j();
            case "onednn" -> {
                if (Holder.NATIVE_OR_NULL == null) {
                    throw new IllegalStateException("-D" + PROPERTY + "=onednn: oneDNN cannot be loaded; is the dependency "
                            + DEPENDENCY + " there?");
                }
                yield Holder.NATIVE_OR_NULL;
            }
            default -> throw new IllegalStateException("-D" + PROPERTY + "=" + wanted + ": expected onednn or nd4j");
        };
    }

    /** The engine that is always there. */
    public static Engine nd4j() {
        return Nd4jEngine.INSTANCE;
    }
}
