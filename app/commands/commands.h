#pragma once

#include "app/invocation.h"

namespace talweg::app {

// One function per subcommand; each returns the exit code and throws talweg::Error.
int train(const Invocation& invocation);
int resume(const Invocation& invocation);
int check(const Invocation& invocation);
int list(const Invocation& invocation);
int describe(const Invocation& invocation);
int schema(const Invocation& invocation);
int report(const Invocation& invocation);
int mlflow(const Invocation& invocation);
int reproduce(const Invocation& invocation);
int generate(const Invocation& invocation);
int export_model(const Invocation& invocation);
int recommend(const Invocation& invocation);
int theory(const Invocation& invocation);
int version(const Invocation& invocation);

}  // namespace talweg::app
