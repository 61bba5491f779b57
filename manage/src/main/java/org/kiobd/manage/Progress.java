package org.kiobd.manage;

import java.util.function.LongConsumer;

/** Receives the progress of long work, on the thread that does the work. */
@FunctionalInterface
public interface Progress {
    /** Ignores the progress. */
    Progress NONE = (task, totalBytes) -> new Stage() {
        @Override
        public void accept(long bytes) {}

        @Override
        public void close() {}
    };

    /**
     * Begins a stage.
     *
     * @param task name of the stage, in the past tense: copied, verified
     * @param totalBytes amount of work in the stage
     */
    Stage begin(String task, long totalBytes);

    /** Receives the size of each finished piece, in bytes. Closed after the stage. */
    interface Stage extends LongConsumer, AutoCloseable {
        @Override
        void close();
    }
}
