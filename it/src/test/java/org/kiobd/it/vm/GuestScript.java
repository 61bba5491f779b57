package org.kiobd.it.vm;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;

/**
 * A script for the guest, with the variables it is given.
 *
 * <p>The names of its cases are read from the text, not from what the guest reports: a guest that dies early then leaves
 * cases without a result, and they fail.
 *
 * @param name for the transcript's file name
 * @param text the script
 * @param variables set in the script's environment
 */
public record GuestScript(String name, String text, Map<String, String> variables) {
    private static final Pattern CASE = Pattern.compile("^run_case (\\S+)", Pattern.MULTILINE);
    /** The names of the cases that run, with spaces between them; all, where it is not set. */
    private static final String CHOSEN_VARIABLE = "CASES";

    private static final String FOLDER = "/guest/";

    /** The script {@code guest/NAME.sh} of the test resources. */
    public static GuestScript resource(String name, Map<String, String> variables) {
        return new GuestScript(name, read(name + ".sh"), Map.copyOf(variables));
    }

    /** The scripts {@code guest/PART.sh}, one after the other in one boot, as a script called {@code name}. */
    public static GuestScript joined(String name, List<String> parts) {
        StringBuilder text = new StringBuilder();
        parts.forEach(part -> text.append(read(part + ".sh")));
        return new GuestScript(name, text.toString(), Map.of());
    }

    /** A script from a file. */
    public static GuestScript file(Path file, Map<String, String> variables) throws IOException {
        return new GuestScript(
                file.getFileName().toString().replaceFirst("\\.sh$", ""),
                Files.readString(file),
                Map.copyOf(variables));
    }

    /** This script with one variable more. */
    public GuestScript with(String variable, String value) {
        Map<String, String> more = new TreeMap<>(variables);
        more.put(variable, value);
        return new GuestScript(name, text, Map.copyOf(more));
    }

    /**
     * Returns this script without these of its cases, on which no other case may rely.
     *
     * @throws IllegalArgumentException if the script has no such case
     */
    public GuestScript without(List<String> left) {
        List<String> rest = new ArrayList<>(cases());
        left.forEach(each -> {
            if (!rest.remove(each)) {
                throw new IllegalArgumentException("script=%s has no case=%s".formatted(name, each));
            }
        });
        return with(CHOSEN_VARIABLE, String.join(" ", rest));
    }

    /** The cases that run, in order. */
    public List<String> cases() {
        String chosen = variables.getOrDefault(CHOSEN_VARIABLE, "");
        List<String> names = List.of(chosen.split(" ", -1));
        return CASE.matcher(text)
                .results()
                .map(match -> match.group(1))
                .filter(name -> chosen.isEmpty() || names.contains(name))
                .toList();
    }

    /** The text of one of the harness's own files. */
    static String read(String file) {
        try (InputStream in = GuestScript.class.getResourceAsStream(FOLDER + file)) {
            if (in == null) {
                throw new IllegalArgumentException("no test resource " + FOLDER + file);
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read the test resource " + FOLDER + file, e);
        }
    }

    /** The variables as shell text. */
    String environment() {
        StringBuilder exports = new StringBuilder();
        new TreeMap<>(variables)
                .forEach((name, value) -> exports.append("export ")
                        .append(name)
                        .append("='")
                        .append(value.replace("'", "'\\''"))
                        .append("'\n"));
        return exports.toString();
    }
}
