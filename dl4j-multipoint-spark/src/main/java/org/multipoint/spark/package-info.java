/**
 * Calibration and evaluation on Apache Spark: {@link org.multipoint.spark.SparkMultipoint} transforms a model with examples that are spread over
 * a cluster, {@link org.multipoint.spark.SparkEvaluation} evaluates one on images that are. Public API.
 */
package org.multipoint.spark;
