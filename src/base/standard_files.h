/* Standard input, output and error of a program. */
#ifndef IAUTH_STANDARD_FILES_H
#define IAUTH_STANDARD_FILES_H

/* Call this first. If the program was started with a closed standard file (`program >&-`), the next file that is opened
 * would get its number, and what is meant for a terminal would go into a log, or to another machine. So the closed ones
 * are opened in the wrong direction: to use them fails with EBADF, as if they were still closed. */
void iauth__standard_files_open(void);

#endif
