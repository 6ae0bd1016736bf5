#pragma once

#include "core/data/labelled_data.h"

namespace talweg::data {

/// 1,797 hand-written digits, [1797, 1, 8, 8] scaled to [0, 1], 10 classes.
/// Source: UCI Optical Recognition of Handwritten Digits (test part), as shipped by scikit-learn 1.9.1; CC BY 4.0.
LabelledData digits();

/// 569 tumours with 30 measurements, [569, 30], classes malignant and benign.
/// Source: UCI Breast Cancer Wisconsin (Diagnostic), as shipped by scikit-learn 1.9.1; CC BY 4.0.
LabelledData breast_cancer();

}  // namespace talweg::data
