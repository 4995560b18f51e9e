@echo off
rem The guide's four steps in order; stops at the first that fails.
cd /d "%~dp0"
chcp 65001 >nul
set PYTHONUTF8=1

echo [1/4] calibration set
python quantize_utils.py
if errorlevel 1 exit /b 1

echo [2/4] FP32 ONNX
python export_onnx.py
if errorlevel 1 exit /b 1

echo [3/4] INT8 ONNX
python quantize_onnx.py
if errorlevel 1 exit /b 1

echo [4/4] verification
python verify_quantization.py
if errorlevel 1 exit /b 1
