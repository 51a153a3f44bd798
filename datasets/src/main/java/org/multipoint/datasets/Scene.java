package org.multipoint.datasets;

import java.io.Serializable;
import java.util.List;

/**
 * What is known of an image with objects: the meta data of each example of a {@link DetectionFolder}, see
 * {@link org.nd4j.linalg.dataset.DataSet#getExampleMetaData()}.
 *
 * @param name    of the image
 * @param framing how the image becomes the network's square
 * @param objects in that square
 */
public record Scene(String name, Framing framing, List<LabelledBox> objects) implements Serializable {

    /** @param objects not changed any more */
    public Scene {
        objects = List.copyOf(objects);
    }

    /** @param objects in the image */
    static Scene of(String name, Framing framing, List<LabelledBox> objects) {
        return new Scene(name, framing,
                objects.stream().map(o -> new LabelledBox(framing.toView(o.box()), o.label(), o.difficult())).toList());
    }

    /**
     * Labels for Deeplearning4j's Yolo2OutputLayer, whose cells are square parts of the network's input: in the cell of an object's centre
     * its corners (x1, y1, x2, y2) in cells, and 1 for its class. Of several objects with their centre in a cell, the last one counts; an
     * object with its centre outside does not.
     *
     * @return [4 + classes, cells, cells], row-major
     */
    float[] grid(int classes, int cells) {
        int area = cells * cells;
        float[] grid = new float[(4 + classes) * area];
        for (LabelledBox object : objects) {
            Box box = object.box();
            int column = (int) Math.floor(box.centerX() * cells);
            int row = (int) Math.floor(box.centerY() * cells);
            if (column < 0 || column >= cells || row < 0 || row >= cells) {
                continue;
            }
            int cell = row * cells + column;
            float[] values = {(float) box.left(), (float) box.top(), (float) box.right(), (float) box.bottom()};
            for (int i = 0; i < values.length; i++) {
                grid[i * area + cell] = values[i] * cells;
            }
            for (int i = 0; i < classes; i++) {
                grid[(values.length + i) * area + cell] = i == object.label() ? 1 : 0;
            }
        }
        return grid;
    }
}
