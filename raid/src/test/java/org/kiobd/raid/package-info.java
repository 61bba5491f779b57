/** Tests of the package of the same name. */
@NullMarked
package org.kiobd.raid;

import org.jspecify.annotations.NullMarked;
