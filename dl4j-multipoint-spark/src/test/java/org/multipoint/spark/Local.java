package org.multipoint.spark;

import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaSparkContext;

/** Spark within this process, or with executors in processes of their own. */
final class Local {

    private Local() {
    }

    static JavaSparkContext context(String master) {
        return new JavaSparkContext(LocalSpark.configure(new SparkConf().setAppName("test").set("spark.locality.wait", "200ms"), master));
    }
}
