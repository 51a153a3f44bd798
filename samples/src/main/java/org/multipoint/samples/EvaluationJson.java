package org.multipoint.samples;

import org.nd4j.shade.jackson.annotation.JsonUnwrapped;

/**
 * What was found of a network that was evaluated only, for other programs. Names and meanings of fields stay.
 *
 * @param testImages         images that it was evaluated on
 * @param figures            what it is judged by
 * @param bytes              size of the saved model
 * @param msPerImage         time of a forward pass in Deeplearning4j, for each image
 * @param compiledMsPerImage the same of the network compiled to segments
 * @param interval           of top-1
 */
record EvaluationJson(String model, long testImages, @JsonUnwrapped ResultJson.Figures figures, long bytes, double msPerImage,
                      double compiledMsPerImage, @JsonUnwrapped ResultJson.Interval interval) {

    static EvaluationJson of(String model, Measured<?> found) {
        return new EvaluationJson(model, found.judgement().images(), ResultJson.Figures.of(found.judgement()), found.bytes(), found.msPerImage(),
                found.compiledMsPerImage(), ResultJson.Interval.of(found.judgement()));
    }
}
