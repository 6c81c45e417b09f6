@rem npm runs "start" by the shell of the system. On a POSIX one "exec" puts node in place of the shell, so signals
@rem that npm passes on reach it; cmd.exe knows no such word, and finds this file.
@%*
