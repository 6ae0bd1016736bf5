#include "tasks/register.h"
namespace talweg::tasks { void register_components() {} }
