/** Tests of the package of the same name. */
@NullMarked
package org.kiobd.raid.layout;

import org.jspecify.annotations.NullMarked;
