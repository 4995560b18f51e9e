@echo off
rem The guide's four steps in order; stops at the first that fails. With a double click the window stays open.
setlocal
cd /d "%~dp0"
chcp 65001 >nul
set PYTHONUTF8=1

python -c "import sys; sys.exit(sys.version_info < (3, 11))" >nul 2>nul
if errorlevel 1 (
  echo Python 3.11 or newer is needed, and is not found. Install it from https://www.python.org/downloads/
  echo with "Add python.exe to PATH", or open an "Anaconda Prompt" and type: conda activate zerodce_tf
  set FAILED=2
  goto end
)
python -c "import pulse8" >nul 2>nul
if errorlevel 1 (
  echo pulse8 is not installed for this Python. In the folder above guide\ type: pip install -e ".[build]" -c constraints.txt
  set FAILED=2
  goto end
)

echo [1/4] calibration set
python quantize_utils.py
if errorlevel 1 goto failed

echo [2/4] FP32 ONNX
python export_onnx.py
if errorlevel 1 goto failed

echo [3/4] INT8 ONNX
python quantize_onnx.py
if errorlevel 1 goto failed

echo [4/4] verification
python verify_quantization.py
if errorlevel 1 goto failed
set FAILED=0
goto end

:failed
set FAILED=%errorlevel%

:end
rem Explorer starts a .bat with /c and its full path in quotes: without a pause its window closes on the result.
echo %cmdcmdline% | find /i "/c """ >nul && pause
exit /b %FAILED%
