package org.kiobd.cli;

/** Asks a person before data are lost. Stateless. */
final class Confirmation {
    private Confirmation() {}

    /**
     * Returns if the user agrees.
     *
     * @param given whether --yes was said
     * @param refused what to say if not: nothing was changed
     * @param loss what --yes means, after "to"
     * @throws CommandFailure if the user does not agree, or there is nobody to ask
     */
    static void require(boolean given, String refused, String loss, String question) {
        if (given) {
            return;
        }
        if (!Terminal.isInput()) {
            throw new CommandFailure(
                    ExitCode.FAILED, refused + ": there is no terminal to ask on; say --yes to " + loss);
        }
        if (!Terminal.ask(question + " [y/N] ").trim().equalsIgnoreCase("y")) {
            throw new CommandFailure(ExitCode.FAILED, refused);
        }
    }
}
