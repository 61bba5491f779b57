package org.kiobd.manage;

import java.util.function.LongConsumer;

/** Is told how far something has come that takes a while. Called on the thread that does it. */
@FunctionalInterface
public interface Progress {
    /** Tells nobody. */
    Progress NONE = (task, totalBytes) -> new Stage() {
        @Override
        public void accept(long bytes) {}

        @Override
        public void close() {}
    };

    /**
     * Begins a stage.
     *
     * @param task what it does, in the past tense: copied, verified
     * @param totalBytes how much there is to do
     */
    Stage begin(String task, long totalBytes);

    /** Is told of each piece that is done, in bytes; closed after the stage. */
    interface Stage extends LongConsumer, AutoCloseable {
        @Override
        void close();
    }
}
