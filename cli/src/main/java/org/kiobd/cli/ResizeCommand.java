package org.kiobd.cli;

import java.util.concurrent.Callable;
import org.kiobd.store.format.VolumeManifest;
import org.kiobd.volume.BlockIoException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code kiobd resize}: makes a volume larger, whether it is served or not. */
@Command(name = "resize", description = "Grow a volume, whether it is served or not.", sortOptions = false)
final class ResizeCommand implements Callable<Integer> {
    @Mixin
    private CommonOptions common;

    @Parameters(paramLabel = "NAME")
    private String name;

    @Option(
            names = "--size",
            required = true,
            paramLabel = "SIZE",
            converter = Sizes.class,
            description = "the new size, larger than the old one")
    private long sizeBytes;

    @Override
    public Integer call() throws BlockIoException {
        VolumeManifest resized = common.volumes().resize(name, sizeBytes);
        common.answer(Answers.line("resized", resized), Answers.json(resized));
        return ExitCode.OK;
    }
}
