package org.multipoint.engine;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The engine of this process: oneDNN where its library is on the class path and can be loaded, else ND4J. The system property
 * {@value #PROPERTY} asks for one: {@code onednn} or {@code nd4j}.
 */
public final class Engines {

    /** Name of the system property. */
    public static final String PROPERTY = "org.multipoint.engine";

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
                LOG.info("oneDNN cannot be loaded ({}); linear layers run on ND4J", e.toString());
                return null;
            }
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
                    throw new IllegalStateException("-D" + PROPERTY + "=onednn: oneDNN cannot be loaded; is "
                            + "org.bytedeco:dnnl with the native library of this platform on the class path?");
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
