package org.multipoint.spark;

import org.apache.spark.SparkConf;

/** Spark on this machine without an installation. */
final class LocalSpark {

    private LocalSpark() {
    }

    /**
     * Sets the master, and for one on this machine what an installation would set.
     *
     * @param master of which {@code local-cluster[executors,cores,megabytes]} runs executors in processes of their own
     */
    static SparkConf configure(SparkConf conf, String master) {
        conf.setMaster(master);
        if (master.startsWith("local")) {
            conf.setIfMissing("spark.ui.enabled", "false").setIfMissing("spark.driver.host", "localhost")
                    .setIfMissing("spark.driver.bindAddress", "127.0.0.1");
        }
        if (master.startsWith("local-cluster")) {
            String[] sizes = master.replaceAll("[^0-9,]", "").split(",");
            // What Spark's own tests do: executors get the class path of this process, and do not look for an installation.
            conf.setIfMissing("spark.executor.extraClassPath", System.getProperty("java.class.path"))
                    .set("spark.executorEnv.SPARK_TESTING", "1").set("spark.executorEnv.SPARK_SCALA_VERSION", "2.12")
                    .setIfMissing("spark.executorEnv.OMP_NUM_THREADS", sizes[1]).setIfMissing("spark.executorEnv.OMP_WAIT_POLICY", "PASSIVE")
                    .setIfMissing("spark.executor.memory", sizes[2] + "m");
        }
        return conf;
    }
}
