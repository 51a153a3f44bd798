package org.multipoint.samples;

/** A figure that networks are judged by, as a share of 1. */
enum Figure {

    /** Share of images whose most likely class is right. */
    TOP_1("top-1"),
    /** Share of images whose class is among the five most likely ones. */
    TOP_5("top-5"),
    /** Mean average precision of detections that overlap their objects by one half: area under the curve. */
    MAP("mAP@0.5"),
    /** COCO's mean average precision, over overlaps of 0.5 to 0.95. */
    COCO_MAP("mAP@0.5:0.95");

    private final String text;

    Figure(String text) {
        this.text = text;
    }

    @Override
    public String toString() {
        return text;
    }
}
