package org.kiobd.cli;

import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;
import org.jspecify.annotations.Nullable;
import org.kiobd.manage.Progress;

/**
 * Shows the progress of a copy, its rate and the remaining time on standard error, if that is a terminal. Used by one thread, which must
 * always close it.
 */
final class CopyProgress implements Progress.Stage {
    private static final int UPDATE_MS = 250;

    private final @Nullable ProgressBar bar;

    CopyProgress(String task, long totalBytes) {
        bar = Terminal.isError()
                ? new ProgressBarBuilder()
                        .setTaskName(task)
                        .setInitialMax(totalBytes)
                        .setUnit("MiB", 1 << 20)
                        .setStyle(ProgressBarStyle.ASCII)
                        .setUpdateIntervalMillis(UPDATE_MS)
                        .showSpeed()
                        .build()
                : null;
    }

    @Override
    public void accept(long bytes) {
        if (bar != null) {
            bar.stepBy(bytes);
        }
    }

    @Override
    public void close() {
        if (bar != null) {
            bar.close();
        }
    }
}
