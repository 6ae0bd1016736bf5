#pragma once

// The part of LibTorch that most of the project needs: tensors with their operators, automatic differentiation, modules
// and the optimizer base. It is also the precompiled header. Including torch/torch.h instead doubles the time a file
// takes to compile; layers come from torch/nn/modules/….
#include <ATen/ATen.h>
#include <torch/cuda.h>
#include <torch/nn/module.h>
#include <torch/optim/optimizer.h>
#include <torch/types.h>
#include <torch/utils.h>
