package org.multipoint.internal.engine;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The engine of this process: oneDNN where its library is on the class path and can be loaded, else ND4J, with a warning. The system
 * property {@value #PROPERTY} selects one: {@code onednn} or {@code nd4j}.
 */
public final class Engines {

    /** Name of the system property. */
    public static final String PROPERTY = "org.multipoint.engine";

    /** What brings oneDNN, its native libraries and the JavaCPP they need. */
    private static final String DEPENDENCY = "org.multipoint:dl4j-multipoint-platform";

    private static final Logger LOG = LoggerFactory.getLogger(Engines.class);

    private Engines() {
    }

    /** oneDNN, loaded at the first use. */
    private static final class OneDnnHolder {
        /** With ND4J for what it does not support; null where it cannot be loaded. */
        static final Engine ENGINE;
        /** Why it cannot be loaded. */
        static final Throwable FAILURE;

        static {
            Engine engine = null;
            Throwable failure = null;
            try {
                engine = new FallbackEngine(new OneDnnEngine(), nd4j());
            } catch (LinkageError | RuntimeException e) {
                failure = e;
                LOG.debug("oneDNN cannot be loaded", e);
                LOG.warn("Quantized layers run at least ten times slower than they could: on ND4J, as oneDNN cannot be loaded ({}). "
                        + "Add the dependency {}", cause(e), DEPENDENCY);
            }
            ENGINE = engine;
            FAILURE = failure;
        }

        /** The cause in one line. */
        private static String cause(Throwable e) {
            Throwable root = e instanceof ExceptionInInitializerError && e.getCause() != null ? e.getCause() : e;
            return root.toString().lines().findFirst().orElseThrow();
        }
    }

    /**
     * The engine to use.
     *
     * @throws IllegalStateException where {@value #PROPERTY} selects an engine that is unknown or cannot be loaded
     */
    public static Engine preferred() {
        String wanted = System.getProperty(PROPERTY, "");
        return switch (wanted) {
            case "" -> OneDnnHolder.ENGINE == null ? nd4j() : OneDnnHolder.ENGINE;
            case "nd4j" -> nd4j();
            case "onednn" -> {
                if (OneDnnHolder.ENGINE == null) {
                    throw new IllegalStateException("-D" + PROPERTY + "=onednn: oneDNN cannot be loaded; is the dependency "
                            + DEPENDENCY + " there?", OneDnnHolder.FAILURE);
                }
                yield OneDnnHolder.ENGINE;
            }
            default -> throw new IllegalStateException("-D" + PROPERTY + "=" + wanted + ": expected onednn or nd4j");
        };
    }

    /** The engine that is always available. */
    public static Engine nd4j() {
        return Nd4jEngine.INSTANCE;
    }
}
