package org.kiobd.cli;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Mixin;

/** {@code kiobd version}: shows the versions of kiobd and of Java. */
@Command(name = "version", description = "Show the version.", sortOptions = false)
final class VersionCommand implements Callable<Integer>, IVersionProvider {
    @Mixin
    private CommonOptions common;

    @Override
    public Integer call() {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("version", version());
        json.put("java", System.getProperty("java.version"));
        common.answer(getVersion()[0], json);
        return ExitCode.OK;
    }

    @Override
    public String[] getVersion() {
        return new String[] {"kiobd " + version() + " (Java " + System.getProperty("java.version") + ")"};
    }

    /** Returns the version in the jar's manifest, the only place where the build writes it. */
    private static String version() {
        @Nullable String version = Main.class.getPackage().getImplementationVersion();
        return version == null ? "not packaged" : version;
    }
}
