package org.multipoint.datasets;

import org.multipoint.datasets.Canvas.Region;

/** The shapes that are the classes of {@link SyntheticImages}, each about as large as the unit circle. */
enum ShapeClass {

    DISC((x, y) -> inCircle(x, y, 0.85)),
    RING((x, y) -> inCircle(x, y, 0.9) && !inCircle(x, y, 0.45)),
    CRESCENT((x, y) -> inCircle(x, y, 0.95) && !inCircle(x - 0.4, y, 0.7)),
    DOME((x, y) -> inCircle(x, y + 0.4, 0.95) && y > -0.4),
    TRIANGLE(polygon(3, 0.52, 0)),
    SQUARE(polygon(4, 0.7, 0)),
    DIAMOND((x, y) -> Math.abs(x) + Math.abs(y) < 1),
    // A pentagram is the set of points that are outside of at most one side of its inner pentagon.
    STAR(polygon(5, 0.34, 1)),
    CROSS((x, y) -> Math.max(Math.abs(x), Math.abs(y)) < 0.95 && Math.min(Math.abs(x), Math.abs(y)) < 0.3),
    CORNER((x, y) -> Math.max(Math.abs(x), Math.abs(y)) < 0.8 && Math.min(x, y) < -0.2);

    private final Region region;

    ShapeClass(Region region) {
        this.region = region;
    }

    Region region() {
        return region;
    }

    private static boolean inCircle(double x, double y, double radius) {
        return x * x + y * y < radius * radius;
    }

    /**
     * The points that are outside of at most a given number of sides of a regular polygon.
     *
     * @param apothem distance of the sides to the centre
     * @param beyond  how many sides at most; 0 is the polygon itself
     */
    private static Region polygon(int sides, double apothem, int beyond) {
        double[] cos = new double[sides];
        double[] sin = new double[sides];
        for (int side = 0; side < sides; side++) {
            cos[side] = StrictMath.cos(2 * Math.PI * side / sides);
            sin[side] = StrictMath.sin(2 * Math.PI * side / sides);
        }
        return (x, y) -> {
            int passed = 0;
            for (int side = 0; side < sides; side++) {
                if (x * cos[side] + y * sin[side] > apothem) {
                    passed++;
                }
            }
            return passed <= beyond;
        };
    }
}
