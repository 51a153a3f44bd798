package org.multipoint.engine;

public final class Engines {
    private Engines() { }
    public static Engine preferred() { return new Nd4jEngine(); }
}
