package org.kiobd.cli;

import java.util.concurrent.Callable;
import org.kiobd.store.format.VolumeManifest;
import org.kiobd.volume.BlockIoException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code kiobd create}: makes a volume. */
@Command(name = "create", description = "Create a volume striped over members.", sortOptions = false)
final class CreateCommand implements Callable<Integer> {
    @Mixin
    private CommonOptions common;

    @Mixin
    private VolumeShape shape;

    @Parameters(paramLabel = "NAME", description = "letters, digits, . _ -; the first a letter or digit")
    private String name;

    @Option(
            names = "--size",
            required = true,
            paramLabel = "SIZE",
            converter = Sizes.class,
            description = "512, 4K, 64KiB, 1G (binary) or 1GB (decimal)")
    private long sizeBytes;

    @Override
    public Integer call() throws BlockIoException {
        shape.requireSound();
        VolumeManifest made =
                common.volumes().create(name, folder -> shape.lastingSpec(common.stores(), folder, name, sizeBytes));
        common.answer(Answers.line("created", made), Answers.json(made));
        return ExitCode.OK;
    }
}
